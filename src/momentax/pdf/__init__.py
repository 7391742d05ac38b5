"""Parton distribution functions: LHAPDF6 grids, log-bicubic interpolation, alpha_s. See docs/pdf.md."""

from momentax.pdf.alphas import IpolAlphaS, OneLoopAlphaS
from momentax.pdf.fixed_scale import FixedScalePdf, Partons, stacked
from momentax.pdf.locate import DEFAULT_SET, locate_pdf
from momentax.pdf.pdfset import PdfSet, load_pdf

__all__ = [
    "DEFAULT_SET",
    "FixedScalePdf",
    "IpolAlphaS",
    "OneLoopAlphaS",
    "Partons",
    "PdfSet",
    "load_pdf",
    "locate_pdf",
    "stacked",
]
