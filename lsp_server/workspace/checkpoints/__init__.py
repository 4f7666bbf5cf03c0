"""This room keeps what was there before a run changed it, and gives it back."""
