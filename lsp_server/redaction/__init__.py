"""This room finds secrets in text and keeps them out of everything that is stored, shown or sent."""
