"""Names of the fields that are moved, as the operator writes them."""

import re

# In a pointer, `~` stands only before 0 or 1 (RFC 6901).
POINTER = re.compile(r"(/([^~/]|~[01])*)+")


class Fields:
    """Fields by name, at any depth, and by JSON pointer from the root."""

    def __init__(self, lines):
        """Reads a field from each line. Raises ValueError if there is none, or one cannot be meant."""
        self.names = set()
        self.pointers = set()
        for line in lines.split("\n"):
            if POINTER.fullmatch(line):
                self.pointers.add(tuple(unescape(part) for part in line.split("/")[1:]))
            elif line and "/" not in line:
                self.names.add(line)
            else:
                raise ValueError(
                    "setting `fields` needs a name such as `iban`, or a JSON pointer such as "
                    "`/customer/iban`, in each entry"
                )
        self.depths = {len(pointer) for pointer in self.pointers}

    def is_moved(self, path, is_member):
        """Returns whether the value at this path is moved. A path ends with an index in an array."""
        if is_member and path[-1] in self.names:
            return True
        return len(path) in self.depths and tuple(map(str, path)) in self.pointers


def unescape(part):
    return part.replace("~1", "/").replace("~0", "~")
