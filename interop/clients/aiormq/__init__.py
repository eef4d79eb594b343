"""aiormq as its users use it."""
