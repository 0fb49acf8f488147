"""Towpath: releases and promotions for people who deploy by GitOps."""
