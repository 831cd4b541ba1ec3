"""`python -m telephony`, the same as the command `telephony`."""

import sys

from telephony.cli import main

sys.exit(main())
