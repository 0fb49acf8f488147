"""GitLab, hosted or your own."""
