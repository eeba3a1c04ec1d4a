"""Forms of the control of movements: what people type, read into what the commands take."""
