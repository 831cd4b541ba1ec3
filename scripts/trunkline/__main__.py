"""`python -m trunkline`: the same as the console command."""

import sys

from trunkline.cli import main

sys.exit(main())
