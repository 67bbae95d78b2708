# Every target brings what it needs: deploy/local/bootstrap makes the locked environment on a machine that has
# git, make and python3, and hands over to deploy/local/make.py.
do := @deploy/local/bootstrap deploy/local/make.py

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types contracts touched compatible roll chaos load drill audit bench release image pictures migrate run clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r target text; do \
		printf '  make %-10s %s\n' "$$target" "$$text"; done
	@echo
	@echo '  PORT=8000 chooses the port of the demo, HOST=0.0.0.0 opens it to other machines;'
	@echo '  REPLICAS=2 GATEWAYS=2 run that many of each process;'
	@echo '  DATABASE_URI and AMQP_URI name servers of your own instead of the private ones.'

setup: ## install what is missing and build the client, start nothing
	$(do) setup

demo: ## everything with a demo company on http://127.0.0.1:$PORT, until Ctrl-C
	$(do) demo

test: ## everything that is checked: style, types, the client, then all tests on servers of their own
	$(do) test

lint: ## style only
	$(do) lint

types: ## types only
	$(do) types

contracts: ## write the contracts of the events that services say, and the client's types of the API
	$(do) contracts

touched: ## which services a change touches since their last release, or SINCE=commit
	$(do) touched $(if $(SINCE),'$(SINCE)')

compatible: ## would the release before of each service, or S=chat, get on with all others as they are now?
	$(do) compatible $(if $(S),'$(S)')

roll: ## every service, under talk, from the release before to what is here, and back: nothing may be lost
	$(do) roll

chaos: ## SEED=7 FAULTS=200 ONLY='kill cut': people go on while all around them fails; nothing may be lost
	$(do) chaos $(if $(SEED),--seed '$(SEED)') $(if $(FAULTS),--faults '$(FAULTS)') $(if $(ONLY),--only $(ONLY))

load: ## MEMBERS=5000 SOCKETS=2000: more than it can carry; it must refuse, stay within bounds, and recover
	$(do) load $(if $(MEMBERS),--members '$(MEMBERS)') $(if $(SOCKETS),--sockets '$(SOCKETS)')

drill: ## on a stack of its own, a base backup and an archive bring a Bchat that lost a table back to the moment before
	$(do) drill

audit: ## is a weakness known of anything that is installed? it asks PyPI and npm
	$(do) audit

bench: ## what a message costs; WITH="ejabberd prosody flask" beside them, ONLY="A B c D", ROUNDS=3
	$(do) bench '$(WITH)' '$(ONLY)' '$(ROUNDS)'

release: ## S=chat V=0.2.0: release a service: its version, a commit, a tag
	$(do) release '$(S)' '$(V)'

image: ## S=chat: build the image of a service
	$(do) image '$(S)'

pictures: ## take the pictures of the documentation anew
	$(do) pictures

migrate: ## S=chat: bring a service's schema in the running demo to the newest version
	$(do) migrate '$(S)'

run: ## S=chat: one more process of a service beside the running demo, in this window
	$(do) run '$(S)'

clean: ## stop the demo and remove all that was made here, its data included
	$(do) clean
