// core/ports/disk.h
//
// A disk performs the operations of core/protocol/disk.h.  Its completions
// come back as DiskDone events through Pump::Deliver, never inside Submit.

#ifndef ORRERY_CORE_PORTS_DISK_H_
#define ORRERY_CORE_PORTS_DISK_H_

#include "core/protocol/disk.h"

namespace orrery {

class DiskPort {
 public:
  virtual ~DiskPort() = default;
  virtual void Submit(DiskEffect effect) = 0;
};

}  // namespace orrery

#endif  // ORRERY_CORE_PORTS_DISK_H_
