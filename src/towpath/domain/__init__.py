"""The words and rules of releases. Pure: no clock, no I/O, no library but the standard one."""
