"""CT series of a DICOMweb server: QIDO-RS finds them, WADO-RS fetches them as they are stored.

The requests are made with ``requests``, on which ``dicomweb-client`` is built. That library itself
is not used for them: it parses and rewrites every instance, does not notice a series that was cut
off, sends a ``Host`` without port, and asks an endless server endlessly.
"""
