// From a file, pages cannot be fetched: the hits then stand without the lines around them.
if (location.protocol === "file:") {
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}
