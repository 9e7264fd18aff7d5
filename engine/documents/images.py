"""images.json: the reference of each component's image, as record_images writes it."""

ImageReferences = dict[str, str]
"""A reference by component, pinned by digest if the image was pushed."""
