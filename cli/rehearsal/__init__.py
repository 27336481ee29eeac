"""A campaign over a channel's own history, on a Telegram of its own: `troupe rehearse`."""
