/* Leaves out what the Swift compiler tells the thread sanitizer of inout arguments.
 *
 * Of an empty value, such as the system's random number generator, it passes an address that means nothing, and the
 * sanitizer crashes on it. The reads and writes behind an inout argument are told besides, and still looked at.
 * Linked with --wrap=__tsan_external_write.
 */
void __wrap___tsan_external_write(void *address, void *caller, void *tag) {
  (void)address;
  (void)caller;
  (void)tag;
}
