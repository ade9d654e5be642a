// sim/signature.h
//
// A Signature names a kind of failure: two seeds with equal signatures showed,
// as far as anyone can tell, the same bug.  A campaign groups by it, and the
// shrinker accepts only what fails with the signature it started from: "some
// failure" would slip from the bug in hand to another.
//
// It is the property, and the sentence with names and numbers taken out.

#ifndef ORRERY_SIM_SIGNATURE_H_
#define ORRERY_SIM_SIGNATURE_H_

#include <string>
#include <string_view>

#include "sim/evidence.h"

namespace orrery::sim {

std::string SignatureOf(const Violation& violation);

// "Put 118 of k17, n0 and n2" -> "Put # of #": a word with a digit is a name,
// and a list of names is one.
std::string ShapeOf(std::string_view sentence);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_SIGNATURE_H_
