"""What ops compute, each against an oracle that owes milc nothing."""
