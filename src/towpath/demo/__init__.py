"""The world `towpath demo` plays in: git repositories with a history, and what happens next."""
