/* The bindings want to be linked with an object that holds the world's type. Here it holds nothing,
 * because `cloakroom plugin component --world` adds the type. */
void __component_type_object_force_link_plugin(void);
void __component_type_object_force_link_plugin(void) {}
