"""Chains of networks: self-distillation with residual and VGG networks on small images.

Each module builds on those before it: the images in `archive`, `download` and `data`; one round of
a chain in `models`, `training` and `chain`; what is on record in `provenance` and `records`; whole
studies in `presets`, `locks`, `store` and `study`; what they say in `analysis`, `report` and
`figures`. `python -m sdtutorial.networks` runs studies and reports on them.
"""
