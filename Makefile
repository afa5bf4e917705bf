# `make help` lists the targets. Each sets up .venv first if it is missing or older than what it is
# made from. Another interpreter: make PYTHON=python3.12

PYTHON ?= python3
python := .venv/bin/python
installed := .venv/.installed
lite := .venv-lite/bin/python
lite_installed := .venv-lite/.installed
jupyter_book := .venv/bin/jupyter-book build .
pages := $(filter-out bibliography,$(notdir $(basename $(wildcard book/*.md))))

.PHONY: help book pdf page notebooks notebooks-built notebooks-published slides slides-built
.PHONY: student lite lite-built release test check mutations matrix pictures benchmark clean

.DEFAULT_GOAL := book

# The matrices are small: two threads would wait for each other longer than they compute.
book pdf page notebooks-built notebooks-published slides-built student lite-built test check: \
  export OPENBLAS_NUM_THREADS = 1
mutations matrix: export OPENBLAS_NUM_THREADS = 1

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*  ## /\1\t/p' Makefile | awk -F '\t' '{ printf "make %-20s %s\n", $$1, $$2 }'

# A second build into an old folder can show old numbers and hide old errors: start from nothing.
book: $(installed)  ## the site, in _build/html
	rm -rf _build
	$(jupyter_book) --all -W -n --keep-going

pdf: book  ## the book on paper, in _build/book.pdf; needs Chromium or Chrome
	$(python) book/_ext/paper.py

# The table of contents holds this page and the bibliography, so references to others find nothing.
page: $(installed)  ## one page alone, in a few seconds: make page P=setup
	@echo " $(pages) " | grep -q " $(P) " || { \
	  echo "Which page? make page P=NAME, where NAME is one of: $(pages)" >&2; exit 1; }
	@rm -rf _build/page
	@mkdir -p _build/page
	@printf 'format: jb-book\nroot: book/%s\nchapters: [{file: book/bibliography}]\n' "$(P)" \
	  > _build/page/_toc.yml
	$(jupyter_book) -q --toc _build/page/_toc.yml --path-output _build/page
	@echo "open _build/page/_build/html/book/$(P).html"

notebooks: book  ## the notebooks book/*.ipynb anew (committed, for Colab)
	$(MAKE) notebooks-built
	cp _build/notebooks/book/*.ipynb book/

# Both from the pages that the last `make book` executed.
notebooks-built: $(installed)  ## the same notebooks, in _build/notebooks
	rm -rf _build/notebooks
	$(jupyter_book) --builder custom --custom-builder notebooks

notebooks-published: $(installed)  ## for Colab: they know this repository; in _build/published_notebooks
	rm -rf _build/published_notebooks
	$(jupyter_book) --builder custom --custom-builder published_notebooks

lite: book  ## the site, with chapters that run in the browser in _build/html/lite
	$(MAKE) lite-built

# Again from the pages that the last `make book` executed. They get their buttons when it has run.
lite-built: $(installed) $(lite_installed)  ## the same without building the site anew
	rm -rf _build/lite_notebooks _build/html/lite
	$(jupyter_book) --builder custom --custom-builder lite_notebooks
	$(lite) book/_ext/lite.py
	$(python) -m pytest -q -rs --built tests/extensions/test_lite.py $(OPTIONS)
	$(jupyter_book) -W -n --keep-going

slides: book  ## a deck of slides and a handout for each deck file book/*.deck.yml, in _build/slides
	$(MAKE) slides-built

slides-built: $(installed)  ## the same from the pages that the last `make book` executed
	rm -rf _build/slides
	$(jupyter_book) --builder custom --custom-builder slides
	$(python) book/_ext/handout.py

# The notebooks install the wheel from SITE, where the site will be; else from beside themselves.
student: $(installed)  ## the book without solutions, in _build/student: make student SITE=https://...
	$(python) book/_ext/student.py write $(SITE)
	.venv/bin/jupyter-book build _build/student/source --all -W -n --keep-going
	.venv/bin/jupyter-book build _build/student/source --builder custom --custom-builder notebooks
	$(python) book/_ext/student.py pack

# Needs a remote `origin` on GitHub, whose address the notebooks name.
release: pdf  ## wheel, notebooks, site and PDF of this commit, in _build/release
	$(MAKE) notebooks-published
	$(python) .ci/release.py

# The tests build the book themselves, once, with the target above.
test: $(installed)  ## everything that guards the project
	$(python) -m pytest --nbval --nbval-current-env $(OPTIONS)

check: $(installed)  ## what needs neither the built book nor a training, nor takes long: three minutes
	$(python) -m pytest -m "not build and not slow" $(OPTIONS)

mutations: $(installed)  ## wrong constants that the tests of the statements must notice: ten minutes
	$(python) tests/mutations.py $(OPTIONS)

matrix: $(installed)  ## the theory on the oldest and newest versions, Pythons, without AVX2: an hour
	$(python) tests/matrix.py $(OPTIONS)
	$(python) tests/mutations.py

pictures: $(installed)  ## the logo, and the pictures of the imports in CONTRIBUTING.md anew
	$(python) book/_ext/logo.py
	$(python) book/_ext/architecture.py

benchmark: $(installed)  ## how fast the chain is, and the records of the page on it: an hour
	$(python) benchmarks/speed.py
	OPENBLAS_NUM_THREADS=1 $(python) benchmarks/large.py

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

# JupyterLab's extensions stay out of the environment of the chapters.
$(lite_installed): book/_ext/lite.txt
	$(PYTHON) -m venv --clear .venv-lite
	$(lite) -m pip install --disable-pip-version-check -r book/_ext/lite.txt
	touch $(lite_installed)

clean:  ## delete _build and the environments
	rm -rf _build .venv .venv-lite
