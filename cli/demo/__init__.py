"""The main job on a Telegram of its own: `troupe demo`."""
