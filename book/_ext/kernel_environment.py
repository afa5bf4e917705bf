"""Tell the kernels that execute the chapters what `_config.yml` says about this build.

A kernel sees nothing of the configuration, only the environment that it inherits.
"""

import os


def _set_environment(app, config):
    os.environ.update(config.kernel_environment)


def setup(app):
    app.add_config_value("kernel_environment", {}, "env", types=[dict])
    app.connect("config-inited", _set_environment)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
