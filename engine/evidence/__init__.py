"""Where an answer comes from: contributions of slices, words and boxes."""
