"""Frozen into a MicroPython image: the full names of all modules, which save 2 kB of the heap.

An import makes a full name out of a relative one, and keeps it on the heap for ever, unless a
frozen file has it: `import pilotlight.net.errors`. This makes such a file, which nothing imports.
manifest_library.py includes it.
"""

import os

lines = []
for base_path, package_path in (("../lib", "pilotlight"), ("..", "firmware")):
    for folder, _, files in os.walk(os.path.join(base_path, package_path)):
        for file in files:
            if file.endswith(".py"):
                path = os.path.relpath(os.path.join(folder, file), base_path)[:-3]
                name = path.replace(os.sep, ".").replace(".__init__", "")
                lines.append("import %s\n" % name)
os.makedirs("../build/names", exist_ok=True)
with open("../build/names/pilotlight_names.py", "w") as target:
    target.write("".join(sorted(lines)))
module("pilotlight_names.py", base_path="../build/names")
