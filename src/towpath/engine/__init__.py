"""The order of work: looks that read, decide, act and record; what is observed; what is wished."""
