"""The read side across releases: what changed, and where a change is."""
