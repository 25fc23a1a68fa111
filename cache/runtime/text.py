"""Text for people: characters that may be printed, and sizes in bytes."""


def printable(text: str) -> str:
    """Escape what would move the cursor or end the line: names and texts may come from anyone."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text)


_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def readable(size: int | float) -> str:
    """Bytes as people write them: `readable(1_500_000) == '1.5 MB'`."""
    unit = 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:,.0f} bytes" if unit == 0 else f"{size:.1f} {_UNITS[unit]}"
