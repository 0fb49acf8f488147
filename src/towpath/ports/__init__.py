"""What the engine and the read side need from outside, in domain words."""
