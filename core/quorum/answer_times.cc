#include "core/quorum/answer_times.h"

#include <algorithm>

namespace orrery {

void AnswerTimes::Record(Duration elapsed) {
  average_ = average_ + (elapsed - average_) / kWeight;
}

Duration AnswerTimes::SpareDelay() const {
  return std::clamp(3 * average_, kSpareDelayMin, kSpareDelayMax);
}

}  // namespace orrery
