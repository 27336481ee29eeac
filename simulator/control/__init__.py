"""The control API: a rehearsal is set up, acted in and looked into over HTTP."""
