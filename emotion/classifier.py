"""Faces to probabilities, through the light runtime on the CPU or through Keras on a GPU."""
