# make book       the site, in _build/html
# make test       everything that guards the project
# make notebooks  the notebooks book/*.ipynb anew (committed, for Colab)
#
# All three set up .venv first if it is missing or older than what it is made from.
# Another interpreter: make PYTHON=python3.12

PYTHON ?= python3
python := .venv/bin/python
installed := .venv/.installed
jupyter_book := .venv/bin/jupyter-book build .

.PHONY: book test notebooks notebooks-built clean

# A second build into an old folder can show old numbers and hide old errors: start from nothing.
book: $(installed)
	rm -rf _build
	SDTUTORIAL_RUNTIME=book $(jupyter_book) --all -W -n --keep-going

# The tests build the book themselves, once, with the target above.
test: $(installed)
	$(python) -m pytest --nbval --nbval-current-env

notebooks: book
	$(MAKE) notebooks-built
	cp _build/notebooks/book/*.ipynb book/

# Into _build/notebooks, from the pages that the last `make book` executed.
notebooks-built: $(installed)
	rm -rf _build/notebooks
	$(jupyter_book) --builder custom --custom-builder notebooks

# An environment that works is kept and brought up to date; one that does not is made anew.
$(installed): requirements.txt pyproject.toml
	@works='import pip, sys; sys.exit(sys.version_info < (3, 11))'; \
	$(python) -c "$$works" 2>/dev/null || { \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "The book needs Python 3.11 or newer, which '$(PYTHON)' is not: name another with make PYTHON=..." >&2; \
	    exit 1; }; \
	  $(PYTHON) -m venv --clear .venv; }
	$(python) -m pip install --disable-pip-version-check -r requirements.txt --editable .
	touch $(installed)

clean:
	rm -rf _build .venv
