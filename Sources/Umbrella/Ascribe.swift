/// One import for a program that trains, asks and prunes: `import Ascribe`.
@_exported import Answers
@_exported import Configuration
@_exported import Curation
@_exported import Datasets
@_exported import Evaluation
@_exported import Influence
@_exported import Networks
@_exported import Reports
@_exported import Session
@_exported import Tensors
@_exported import Models
@_exported import Runs
@_exported import Training
