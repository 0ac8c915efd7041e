"""The verbs of `./banyan`, a file each; `register(app)` adds them to the command line."""
