"""The programs of the telephony domain: sealing, key ring, backfills, keys."""
