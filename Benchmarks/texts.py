#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the texts of the benchmarks from Debian packages: english.jsonl, code.jsonl, multilingual.jsonl.

    apt-get install linux-doc-6.1 golang-1.19-src manpages-{de,es,fr,it,ja,pl,ru,zh}
    texts.py FOLDER

The kernel's documentation without its translations, the sources of Go, manual pages in eight languages. Files are cut into
documents of about 4 KB at the ends of lines; what comes twice is left out. --root names a folder into
which packages were unpacked (dpkg -x) instead of installed. --corpus MB makes corpus.jsonl as well: so
much English, in documents of sixty lines, of which each time round another order of all lines gives
others; it is for the whole command, where 300 MB or more must be distinct.
"""

import argparse
import gzip
import json
import pathlib
import random

SOURCES = {
    "english": [("usr/share/doc/linux-doc-6.1", "*.rst*"), ("usr/share/doc/linux-doc-6.1", "*.txt*")],
    "code": [("usr/share/go-1.19", "*.go")],
    "multilingual": [(f"usr/share/man/{code}", "*.gz") for code in "de es fr it ja pl ru zh_CN".split()],
}
DOCUMENT = 4_096


def contents(root, name):
    for folder, pattern in SOURCES[name]:
        for path in sorted((root / folder).rglob(pattern)):
            if path.is_symlink() or not path.is_file() or "translations" in path.parts:
                continue
            data = path.read_bytes()
            if path.suffix == ".gz":
                data = gzip.decompress(data)
            yield data.decode("utf-8", "replace")


def documents(texts):
    seen = set()
    for text in texts:
        part, size = [], 0
        for line in [*text.splitlines(keepends=True), ""]:
            part.append(line)
            size += len(line.encode())
            if size >= DOCUMENT or not line:
                document = "".join(part)
                if document.strip() and document not in seen:
                    seen.add(document)
                    yield document
                part, size = [], 0


def write(path, texts):
    size = count = 0
    with open(path, "w", encoding="utf-8") as file:
        for text in texts:
            file.write(json.dumps({"id": f"{path.stem}-{count}", "text": text}, ensure_ascii=False) + "\n")
            size += len(text.encode())
            count += 1
    print(f"{path}: {count} documents, {size / 1e6:.1f} MB")


def shuffled(texts, megabytes):
    lines = [line for text in texts for line in text.splitlines(keepends=True)]
    draw, size = random.Random(1), 0
    while size < megabytes * 1e6:
        draw.shuffle(lines)
        for start in range(0, len(lines), 60):
            text = "".join(lines[start : start + 60])
            size += len(text.encode())
            yield text
            if size >= megabytes * 1e6:
                return


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path("/"))
    parser.add_argument("--corpus", type=int, metavar="MB")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in SOURCES:
        texts = list(documents(contents(options.root, name)))
        if not texts:
            raise SystemExit(f"{name}: nothing below {options.root}: are the packages installed?")
        write(options.folder / f"{name}.jsonl", texts)
        if name == "english" and options.corpus:
            write(options.folder / "corpus.jsonl", shuffled(texts, options.corpus))


if __name__ == "__main__":
    main()
