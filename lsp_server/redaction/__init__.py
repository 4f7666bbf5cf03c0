"""The room where secrets are found in text and kept out of everything that is stored, shown or sent."""
