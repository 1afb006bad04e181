"""Full-reference metrics: SSIM, MS-SSIM, VIF, GMSD, HaarPSI, PSNR."""
