// SPDX-License-Identifier: Apache-2.0
public import ArgumentParser
public import Corpus
public import Pipeline
public import Tokenization
public import Training
public import UnicodeText
public import Validation

// Enumerations of the libraries that options take by their raw values. The libraries do not know
// the argument parser, so the conformances stand here.
extension CorpusOptions.Format: ExpressibleByArgument {}
extension CorpusOptions.InvalidJSON: ExpressibleByArgument {}
extension InvalidUTF8Policy: ExpressibleByArgument {}
extension NormalForm: ExpressibleByArgument {}
extension TokenizeOptions.Unwrap: ExpressibleByArgument {}
extension ExportRun.Format: ExpressibleByArgument {}
extension ExportRun.Sequence: ExpressibleByArgument {}
extension AddedTokenMode: ExpressibleByArgument {}
extension PreTokenizerRule: ExpressibleByArgument {}
extension MatrixKernel: ExpressibleByArgument {}
extension ModelFamily: ExpressibleByArgument {}
extension LearningRateSchedule.Shape: ExpressibleByArgument {}
extension AdamW.Decay: ExpressibleByArgument {}
extension ValidationLevel: ExpressibleByArgument {}
extension BPETrainer.Alphabet: ExpressibleByArgument {}
extension SamplingOptions.Group: ExpressibleByArgument {}
