"""Stand-ins for the contract, one module an interface."""
