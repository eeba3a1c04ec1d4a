"""How sphinx makes the manual: Markdown pages, one look, no address outside the repository needed."""

import sys
from pathlib import Path

from tidegate import __version__

sys.path.insert(0, str(Path(__file__).resolve().parent))

from generate import write_reference

write_reference()

project = "Tidegate"
copyright = "the Tidegate contributors, Apache-2.0"
version = release = __version__
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = f"Tidegate {__version__}"
exclude_patterns = ["pictures"]
