// Imports of the contract stay imports: the host answers them.
export default { external: /^cloakroom:/ };
