"""JSON whose keys are the user's own: parameters, and documents that are only stored and sent back."""

JsonValue = bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"] | None
Struct = dict[str, JsonValue]
