"""The command line: talks to the REST API like anyone else, and starts what runs here."""
