// SPDX-License-Identifier: Apache-2.0

/// What a stream is drawn for: the registered table of the lowest byte of the last counter word.
///
/// Two purposes never share a stream, so a new draw in one place cannot change what is drawn in
/// another. A number is never given out twice, and never changes its meaning.
public enum Purpose: UInt8, Sendable, Hashable, CaseIterable {
  /// The order of the documents of a unit (frame 0).
  case documentOrder = 1
  /// The order of the rows of a unit (frame 0).
  case rowOrder = 2
  /// What is decided while a unit is cut into frames: target lengths, truncation (frame 0); of
  /// which kind a window is (the window's frame).
  case frame = 3
  /// Which segments stand side by side, and with which label (frame 0).
  case pair = 4
  /// Which positions of a frame are corrupted.
  case mask = 5
  /// What corrupted positions are replaced by.
  case replacement = 6
  /// In which order the parts of a frame are put or predicted: sentences, rotation, factorization.
  case arrangement = 7
  /// What is done to a whole document before framing; the frame is the document's position in its
  /// unit.
  case document = 8
  /// The draws by which a proposal of replacements is measured; unit and frame 0.
  case measurement = 9
  /// How much of a frame is noise; frame 0 where the unit draws once for all of its frames.
  case noise = 10
  /// The first weights of a model; the frame is the ordinal of the parameter.
  case weights = 11
  /// In which order a trainer sees rows; the frame is the epoch or the window.
  case trainingOrder = 12
  /// What a judgement draws: shuffled contexts, resampled documents.
  case judgement = 13
  /// How often documents of a group are served; epoch 0, the frame is the group.
  case repetition = 14
}
