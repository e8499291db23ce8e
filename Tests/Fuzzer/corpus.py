#!/usr/bin/env python3
"""Inputs of a fuzzing target: as text in the repository, one a line in hexadecimal, and as libFuzzer's folders of files.

    corpus.py unpack FOLDER TEXT…     a file in the folder for each line
    corpus.py pack FOLDER TEXT        the other way
"""

import hashlib
import os
import sys


def unpack(folder, texts):
    for text in texts:
        if not os.path.exists(text):
            continue
        with open(text, encoding="ascii") as lines:
            for line in lines:
                if line.strip() and not line.startswith("#"):
                    content = bytes.fromhex(line)
                    with open(os.path.join(folder, hashlib.sha1(content).hexdigest()), "wb") as file:
                        file.write(content)


def pack(folder, text):
    inputs = []
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            inputs.append(file.read())
    with open(text, "w", encoding="ascii") as lines:
        for content in sorted(filter(None, inputs), key=lambda content: (len(content), content)):
            lines.write(content.hex() + "\n")


if __name__ == "__main__":
    if len(sys.argv) >= 4 and sys.argv[1] == "unpack":
        unpack(sys.argv[2], sys.argv[3:])
    elif len(sys.argv) == 4 and sys.argv[1] == "pack":
        pack(*sys.argv[2:])
    else:
        sys.exit(__doc__)
