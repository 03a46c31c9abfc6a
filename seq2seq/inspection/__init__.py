"""Looking inside a model: what its parts compute while a message is read and answered."""
