"""Chains of networks: self-distillation with residual and VGG networks on small images.

The modules, each building on those before it: `data`, `models`, `training`, `chain`, `study`,
`records`, `report`. `python -m sdtutorial.networks` runs studies and reports on them.
"""
