#include <turbojpeg.h>

// TurboJPEG before 2.1 decodes any number of scans.
#ifndef TJFLAG_LIMITSCANS
#define TJFLAG_LIMITSCANS 0
#endif
