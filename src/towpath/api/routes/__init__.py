"""One typed function for each endpoint, by topic."""
