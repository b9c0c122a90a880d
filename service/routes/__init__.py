"""The addresses, one file per resource. Each reads parameters through `ask`, builds bytes through `bodies`, returns a `front.Answer`."""
