"""The page view: pages at native resolution, the slice grid on top, and the evidence of an answer."""
