"""This room finds secrets in texts and keeps them out of all that is stored, shown or sent."""
