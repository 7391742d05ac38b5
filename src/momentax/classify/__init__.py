"""Telling processes apart by their weights: the discriminant of Eq. 5 and networks, with ROC curves."""
